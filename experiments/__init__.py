"""Scripts that run studies, and the flags they share."""
