"""What is read: a module per format, pure, from bytes to touchpoints."""
