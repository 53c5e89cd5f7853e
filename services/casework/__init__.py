"""Commands: decided against the streams of cases and customers, and done whole or refused."""
