"""Tests of lab.apiserver.registry."""
