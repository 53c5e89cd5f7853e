"""What operators ask of a running platform: figures, whether it is well, and what to do."""
