"""PostgreSQL: the pool, migrations, dossiers, the vault of keys, and the named SQL."""
