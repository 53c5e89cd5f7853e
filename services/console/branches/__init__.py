"""The branches side by side."""
