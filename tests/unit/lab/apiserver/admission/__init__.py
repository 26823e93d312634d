"""Tests of lab.apiserver.admission."""
