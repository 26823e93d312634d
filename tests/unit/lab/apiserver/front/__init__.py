"""Tests of lab.apiserver.front."""
