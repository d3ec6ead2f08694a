"""Connections in, clients out: the only modules that open sockets."""
