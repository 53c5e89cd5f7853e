"""The eventsourcing library over the platform's log: its application, recorder and mapper."""
