"""The site's addresses: probes and administration; pages for people are in frontend."""

from django.contrib import admin
from django.urls import include, path

from config import health, metrics
from frontend.views import login

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("admin/login/", login.of_administration),
    path("admin/logout/", login.leave),
    path("admin/", admin.site.urls),
    path("", include("frontend.urls")),
]

handler400 = "frontend.views.errors.bad_request"
