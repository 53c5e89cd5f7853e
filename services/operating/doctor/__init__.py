"""`touchstone doctor`: looks at everything that has to be right, and says what is wrong."""
