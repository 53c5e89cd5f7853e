-- Snapshots hold plain structs, and no facts. Those of the earlier form are never read again.
TRUNCATE dossier_snapshots;
