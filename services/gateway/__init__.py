"""Where branches publish: validation, admission, answers, and what was refused."""
