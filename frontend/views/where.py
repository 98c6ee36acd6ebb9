"""Where: the family's centre first, then others by distance with their next free time."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from centres import queries
from centres.models import AppointmentType
from frontend import placing
from frontend.access import access
from frontend.forms import PlaceForm
from frontend.limits import searching
from frontend.map import picture
from frontend.nearby import around, is_bookable


@access("public")
@searching
def where(request: HttpRequest, type_slug: str) -> HttpResponse:
    kind = get_object_or_404(AppointmentType, slug=type_slug, is_active=True)
    if not is_bookable(kind):
        return render(request, "pages/not_online.html", {"kind": kind})
    places = queries.places()
    form = PlaceForm(request.GET)
    asked = request.GET.get("commune", ""), request.GET.get("quartier", "")
    answer = placing.answer(form.words, *asked, places)
    found = around(kind, point=answer.point, now=timezone.now())
    listing = placing.listing(found, answer.place)
    context = {
        "kind": kind,
        "form": form,
        "answer": answer,
        "listing": listing,
        "districts": placing.districts_by_centre(answer.place, places),
        "map": picture(
            [each.centre for each in found],
            here=[each.centre.pk for each in listing.own],
            opened=[each.centre.pk for each in found if each.is_open],
        ),
    }
    return render(request, "pages/where.html", context)
