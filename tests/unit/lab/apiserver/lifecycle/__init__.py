"""Tests of lab.apiserver.lifecycle."""
