"""What is owed, by age, and the open items to work on."""
