"""Tests of lab.apiserver.requests."""
