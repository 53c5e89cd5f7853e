"""What a branch uses to hand in touchpoints: file import by mapping, and publishing."""
