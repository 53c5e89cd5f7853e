"""The event log on Apache Kafka, for those who outgrow one machine."""
