"""What the console costs its viewers, over many customers and while events flow in."""
