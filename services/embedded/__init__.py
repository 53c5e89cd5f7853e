"""The one-process default: an event log, a server and a host that need nothing installed."""
