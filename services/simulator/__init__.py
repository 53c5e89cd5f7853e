"""A demonstration company, invented from a seed: two years of history and then live traffic."""
