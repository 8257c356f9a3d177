"""HTTP only: routes and pages."""
