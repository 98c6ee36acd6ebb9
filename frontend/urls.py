"""Every address families and desks meet. Each view says by `access` whom it lets in (access.py)."""

from django.conf import settings
from django.urls import path, register_converter
from django.views.i18n import set_language

from frontend import urls_plan
from frontend.access import access
from frontend.draft import keeping
from frontend.needs import NeedConverter
from frontend.views import (
    callback,
    centres,
    code,
    contact,
    demo,
    hold,
    home,
    idle,
    login,
    mine,
    password,
    proposal,
    second_factor,
    short_link,
    static_pages,
    visit,
    waiting,
    webhooks,
    when,
    where,
    who,
)
from frontend.views.staff import desk, families, health, planning, talking, timeline, today

register_converter(NeedConverter, "need")

urlpatterns = [
    path("", home.home, name="home"),
    path("urgence/", home.ill_child, name="ill-child"),
    path("motifs/<need:need>/", home.need, name="need"),
    path("rdv/<slug:type_slug>/", where.where, name="where"),
    path("rdv/<slug:type_slug>/<slug:centre_slug>/", when.when, name="when"),
    path("rdv/<slug:type_slug>/<slug:centre_slug>/retenir/", hold.hold, name="hold"),
    path("retenu/<str:token>/", who.who, name="who"),
    path("retenu/<str:token>/prolonger/", who.extend, name="extend"),
    path("retenu/<str:token>/garder/", who.keep, name="keep"),
    path("retenu/<str:token>/rendre/", hold.release, name="release"),
    path("retenu/<str:token>/code/<uuid:uid>/", code.code, name="code"),
    path("retenu/<str:token>/code/<uuid:uid>/renvoyer/", code.resend, name="resend"),
    path("r/<str:token>/", visit.appointment, name="appointment"),
    path("r/<str:token>/messages/", contact.of_appointment, name="contact"),
    path("r/<str:token>/calendrier.ics", visit.ics, name="ics"),
    path("r/<str:token>/imprimer/", visit.print_page, name="print"),
    path("r/<str:token>/annuler/", visit.cancel, name="cancel"),
    path("r/<str:token>/deplacer/", visit.move, name="move"),
    path("r/<str:token>/deplacer/<str:hold>/", visit.move_confirm, name="move-confirm"),
    path("r/<str:token>/proposition/", proposal.answer, name="proposal"),
    path("r/<str:token>/plus-tot/", waiting.earlier, name="earlier"),
    path("attente/<str:token>/", waiting.waiting, name="waiting"),
    path("proposition/<str:token>/", waiting.offer, name="offer"),
    path("o/<str:code>", waiting.short_offer, name="short-offer"),
    path("l/<str:code>", waiting.short_entry, name="short-entry"),
    path("mes-rendez-vous/", mine.start, name="mine"),
    path("mes-rendez-vous/code/<uuid:uid>/", mine.code, name="mine-code"),
    path("mes-rendez-vous/code/<uuid:uid>/renvoyer/", mine.resend, name="mine-resend"),
    path("mes-rendez-vous/liste/", mine.listing, name="mine-list"),
    path("mes-rendez-vous/messages/", contact.mine, name="mine-contact"),
    path("mes-rendez-vous/quitter/", mine.leave, name="leave"),
    path("s/<str:code>", short_link.short_link, name="short-link"),
    path("rappel/<uuid:uid>/", callback.done, name="callback-done"),
    path("rappel/<slug:type_slug>/<slug:centre_slug>/", callback.ask, name="callback"),
    path("centres/", centres.index, name="centres"),
    path("centre/<slug:slug>/", centres.detail, name="centre"),
    path("sans-rendez-vous/", centres.walk_ins, name="walk-ins"),
    path("accessibilite/", static_pages.accessibility, name="accessibility"),
    path("donnees-personnelles/", static_pages.privacy, name="privacy"),
    path("mentions-legales/", static_pages.legal, name="legal"),
    path("langue/", access("public")(keeping(set_language)), name="set_language"),
    path("webhooks/sms/<slug:route>/<str:secret>/", webhooks.sms, name="sms-webhook"),
    path("webhooks/email/<slug:route>/<str:secret>/", webhooks.email, name="email-webhook"),
    path("equipe/messages/", desk.choice, name="desk-choice"),
    path("equipe/messages/centre/<slug:centre_slug>/", desk.listing, name="desk"),
    path("equipe/messages/sante/", health.page, name="health"),
    path("equipe/messages/<int:pk>/", desk.detail, name="message"),
    path("equipe/messages/<int:pk>/autre-adresse/", desk.redirect_message, name="redirect"),
    path("equipe/messages/<int:pk>/<slug:action>/", desk.act, name="act"),
    path("equipe/reponses/<int:pk>/lue/", desk.reply_read, name="reply-read"),
    path("equipe/rappels/<uuid:uid>/", desk.called_back, name="called-back"),
    path("equipe/rendez-vous/<str:reference>/", timeline.of_appointment, name="timeline"),
    path("equipe/prestataires/<str:name>/<slug:action>/", health.provider, name="provider"),
    path("equipe/quitter/", login.leave, name="staff-leave"),
    # allauth knows this one page by its own name for it.
    path("equipe/connexion/", login.login, name="account_login"),
    path("equipe/connexion/code/", login.code, name="second-factor-code"),
    path("equipe/connexion/second-facteur/", second_factor.set_up, name="second-factor"),
    path("equipe/connexion/codes-de-secours/", second_factor.codes, name="recovery-codes"),
    path("equipe/connexion/codes.txt", second_factor.codes_file, name="recovery-codes-file"),
    path("equipe/connexion/securite/", second_factor.security, name="security"),
    path(
        "equipe/connexion/choisir/<str:uid>/<str:token>/", password.choose, name="choose-password"
    ),
    path("equipe/connexion/continuer/", idle.go_on, name="go-on"),
    path("equipe/connexion/reprendre/", idle.resume, name="resume"),
    path("equipe/familles/", families.search, name="families"),
    path("equipe/familles/nouvelle/", talking.newcomer, name="family-new"),
    path("equipe/familles/<int:pk>/", families.page, name="family"),
    path("equipe/familles/<int:pk>/rendez-vous/", talking.book, name="book-for"),
    path("equipe/familles/<int:pk>/consultations/", families.reads, name="family-reads"),
    path("equipe/familles/<int:pk>/reunir/<int:other>/", families.merge, name="family-merge"),
    path("equipe/aujourdhui/", today.choice, name="today"),
    path("equipe/aujourdhui/<slug:centre_slug>/", today.board, name="board"),
    path("equipe/aujourdhui/<slug:centre_slug>/noter/", today.note, name="board-note"),
    path("equipe/aujourdhui/<slug:centre_slug>/imprimer/", today.printed, name="board-print"),
    path("equipe/veille/<str:token>/", today.version, name="board-version"),
    path("equipe/planning/", planning.choice, name="planning"),
    path("equipe/planning/<slug:centre_slug>/", planning.plan, name="plan"),
    *urls_plan.urlpatterns,
    path("equipe/planning/<slug:centre_slug>/declarer/", planning.declare, name="declare"),
    path("equipe/planning/<slug:centre_slug>/retirer/", planning.take_back, name="take-back"),
    path(
        "equipe/planning/<slug:centre_slug>/declare/<uuid:uid>/", planning.declared, name="declared"
    ),
    path(
        "equipe/planning/<slug:centre_slug>/declare/<uuid:uid>/defaire/",
        planning.undo,
        name="undo-declared",
    ),
]

if settings.DEMO:
    urlpatterns += [
        path("demo/inbox", demo.inbox, name="demo-inbox"),
        path("demo/inbox/<int:pk>/", demo.letter, name="demo-letter"),
        path("demo/codes", demo.codes, name="demo-codes"),
    ]
