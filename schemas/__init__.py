"""The contract on the wire: Avro schemas, golden bytes, the AsyncAPI document. No logic."""
