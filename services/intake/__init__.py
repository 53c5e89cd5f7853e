"""The way into the log: checked, sealed, admitted and answered, each event on its own."""
