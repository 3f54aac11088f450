"""A pynetdicom acceptor that waits instead of polling and never decodes a data set."""
