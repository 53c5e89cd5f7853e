"""Moving a company's event log between PostgreSQL and Kafka, all or nothing."""
