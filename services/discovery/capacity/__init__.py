"""What the nodes hold and what their pods take: pure."""
