"""Our projector over Kafka beside a plain loop, Faust and quixstreams, all in one run."""
