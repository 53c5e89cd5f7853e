"""Cases by department and by urgency, and one case with its history."""
