"""Incidents as stories, and reports."""
