"""Tests of lab.apiserver.views."""
