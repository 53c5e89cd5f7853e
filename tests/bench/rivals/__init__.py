"""Rivals on the same cases: commands per second and their latency beside a bare transaction."""
