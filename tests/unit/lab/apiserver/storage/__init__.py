"""Tests of lab.apiserver.storage."""
