"""What for: the first page, an ill child, and the types behind each need."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from centres import queries
from centres.models import AppointmentType
from frontend.access import access
from frontend.nearby import is_bookable
from frontend.needs import BY_NEED, ENTRIES, Need


@access("public")
def home(request: HttpRequest) -> HttpResponse:
    used = queries.needs_in_use()
    entries = [entry for entry in ENTRIES if entry.need in used]
    return render(request, "pages/home.html", {"entries": entries})


@access("public")
def ill_child(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/ill_child.html")


@access("public")
def need(request: HttpRequest, need: Need) -> HttpResponse:
    types = queries.types_of_need(need)
    if not types:
        raise Http404
    online = [kind for kind in types if is_bookable(kind)]
    walk_in = [kind for kind in types if kind.booking == AppointmentType.Booking.WALK_IN]
    other = [kind for kind in types if kind not in online and kind not in walk_in]
    context = {"entry": BY_NEED[need], "online": online, "walk_in": walk_in, "other": other}
    return render(request, "pages/need.html", context)
