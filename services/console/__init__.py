"""The operations console: a read API and live pages over the read model, a folder per topic."""
