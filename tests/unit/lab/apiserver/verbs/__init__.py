"""Tests of lab.apiserver.verbs."""
