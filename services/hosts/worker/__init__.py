"""The worker over Kafka: a Faust application with the projector inside it."""
