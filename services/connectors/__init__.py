"""Other systems: their documents become touchpoints, each by a pure reading of its format."""
