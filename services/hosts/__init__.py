"""What runs the platform: `touchstone run`, `serve`, `project`, `work`; who wires what."""
