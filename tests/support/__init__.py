"""What tests of several kinds share: servers, databases, builders."""
