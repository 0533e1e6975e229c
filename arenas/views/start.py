"""Before the first pair, and instead of one: arriving, the start page, and how a part ended."""

from datetime import datetime
from urllib.parse import urlencode

from django import forms
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from arenas.battles.limit import count_work
from arenas.battles.stock import find_arena
from arenas.definitions.models import Arena
from arenas.definitions.speak import Spoken
from arenas.definitions.voting import Platform, Voting
from arenas.raters import consent
from arenas.raters.account import find_or_make_rater
from arenas.raters.admit import HasLeft, find_locked, join
from arenas.raters.arrive import Arrival, BadArrival, arrive, is_of, read_arrival
from arenas.raters.finish import find_way_back
from arenas.raters.models import Participation, Person, Rater
from arenas.views.access import find_rater, read_rater_key, remember_home, remember_rater
from arenas.views.language import in_raters_language

Access, State = Arena.Access, Participation.State
QUESTION = "screening_"


class StartForm(forms.Form):
    """Consent and screening questions, as far as the arena has them."""

    def __init__(self, voting: Voting, language: str, data: object = None) -> None:
        super().__init__(data, label_suffix="")  # type: ignore[arg-type]
        self.voting, self.language = voting, language
        for asked in voting.screening:
            self.fields[QUESTION + asked.id] = forms.ChoiceField(
                label=asked.speak(language),
                choices=[(option.id, option.speak(language)) for option in asked.options],
                widget=forms.RadioSelect,
                error_messages={"required": _("Please choose an answer.")},
            )
        if self.consent_text:
            self.fields["shown"] = forms.CharField(
                initial=consent.hash_text(self.consent_text),
                widget=forms.HiddenInput,
                required=False,
            )
            self.fields["consent"] = forms.BooleanField(
                label=_("I have read this and agree to take part."),
                error_messages={"required": _("You can only take part if you agree to this.")},
            )

    @cached_property
    def consent_text(self) -> Spoken | None:
        """The text to agree to, if there is one."""
        return self.voting.consent.speak(self.language) if self.voting.consent else None

    @property
    def answers(self) -> dict[str, str]:
        """The chosen options by question."""
        given = self.cleaned_data.items()
        return {
            name.removeprefix(QUESTION): value for name, value in given if name.startswith(QUESTION)
        }

    def clean_consent(self) -> bool:
        """Nobody agrees to a text that they were not shown."""
        if self.data.get("shown") != consent.hash_text(self.consent_text or ""):
            raise forms.ValidationError(_("This text has changed. Please read it again."))
        return True


@never_cache
@in_raters_language
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, slug: str) -> HttpResponseBase:
    """What an arena asks before the first pair; a POST begins, or declines to."""
    arena = find_arena_or_404(slug)
    if arena.stage != Arena.Stage.OPEN:
        return redirect("vote", slug=slug)  # which says so
    if (arrived := receive(request, arena)) is not None:
        return arrived
    with transaction.atomic():
        participation = find_part(request, arena, begins=False)
        if participation and may_go_on(participation, arena):
            return redirect("vote", slug=slug)
        if request.method == "POST" and (participation or arena.access == Access.OPEN):
            return begin(request, arena, participation, timezone.now())
    return show_door(request, arena, participation)


def find_arena_or_404(slug: str) -> Arena:
    try:
        return find_arena(slug)
    except Arena.DoesNotExist:
        raise Http404("No such arena.") from None


def may_go_on(participation: Participation, arena: Arena) -> bool:
    """Whether the next thing is a ballot, with nothing to be asked before it."""
    is_voting = participation.state == State.VOTING
    return is_voting and not consent.lacks_consent(participation, arena.voting)


def find_part(request: HttpRequest, arena: Arena, *, begins: bool) -> Participation | None:
    """The rater's part in the arena, locked.

    A user's begins with the first look at an arena with accounts; in an open one that has
    nothing to say first, where the look `begins` it, so does a stranger's. Nobody's does whose
    data are being deleted meanwhile.
    """
    found = find_locked(arena, read_rater_key(request))
    if found:
        return found
    try:
        return begin_part(request, arena, begins=begins)
    except HasLeft:
        return None


def begin_part(request: HttpRequest, arena: Arena, *, begins: bool) -> Participation | None:
    """The same for who has none yet. Raises HasLeft."""
    if arena.access == Access.ACCOUNT:
        user = request.user
        return join(arena, find_or_make_rater(user)) if user.is_authenticated else None
    if arena.access == Access.OPEN and begins and not arena.voting.has_start:
        return join(arena, find_rater(request))
    return None


def receive(request: HttpRequest, arena: Arena) -> HttpResponse | None:
    """Let in whom a platform's address names, and lead on to one that names nobody.

    A browser that belongs to somebody else is asked first: any page can lead to such an address.
    """
    platform = arena.voting.platform
    if platform is None or platform.participant not in request.GET:
        return None
    try:
        arrival = read_arrival(platform, request.GET.dict())
        if request.method != "POST" and is_of_another(request, platform, arrival):
            return render(request, "arenas/arrive.html", {"arena": arena, "platform": platform})
        participation = arrive(arena, platform, arrival)
    except BadArrival as error:
        return refuse(request, arena, str(error))
    except HasLeft:
        return show_end(request, arena, State.WITHDRAWN, None)
    response = redirect(request.path)
    remember_rater(response, participation.rater)
    return response


def is_of_another(request: HttpRequest, platform: Platform, arrival: Arrival) -> bool:
    """Whether the browser belongs to another person, or to a rater with votes."""
    rater = find_rater(request)
    if rater is None:
        return False
    person = Person.objects.filter(rater=rater).first()
    return not is_of(platform, arrival, person) if person else rater.votes.exists()


def begin(
    request: HttpRequest, arena: Arena, participation: Participation | None, now: datetime
) -> HttpResponse:
    """Do what the page's button says; nothing is written while something is missing."""
    if "decline" in request.POST:
        if participation:
            consent.decline(participation, now=now)
        state = participation.state if participation else State.DECLINED
        return show_end(request, arena, state, participation)
    if "return" in request.POST:
        if participation:
            consent.reconsider(participation)
        return redirect("start", slug=arena.slug)
    form = make_form(arena, participation, request.POST)
    if not form.is_valid():
        return show_start(request, arena, form, participation)
    try:
        participation = participation or join(arena, find_rater(request))
    except HasLeft:
        return show_end(request, arena, State.WITHDRAWN, None)
    response = redirect("vote", slug=arena.slug)
    if arena.voting.platform and is_first(participation):
        remember_home(response, participation.rater)
    consent.start(participation, consent=form.consent_text or "", answers=form.answers, now=now)
    return keep(request, response, participation.rater)


def make_form(arena: Arena, participation: Participation | None, data: object = None) -> StartForm:
    """What is asked; of those who vote already, the consent alone."""
    voting = arena.voting
    if participation and participation.state == State.VOTING:
        voting = voting.model_copy(update={"screening": ()})
    return StartForm(voting, get_language() or "en", data)


def is_first(participation: Participation) -> bool:
    """Whether this is the first that the rater begins, anywhere."""
    begun = participation.rater.participations.exclude(state=State.ARRIVED)
    return not begun.exists()


def keep(request: HttpRequest, response: HttpResponse, rater: Rater) -> HttpResponse:
    """Have the browser remember whom it belongs to, where it does not yet."""
    if read_rater_key(request) != rater.key:
        remember_rater(response, rater)
    return response


def show_door(
    request: HttpRequest, arena: Arena, participation: Participation | None
) -> HttpResponseBase:
    """What stands in the place of a ballot: the start page, or why there is none."""
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRefresh()  # this is no part of the page that asked
    if participation is None and arena.access == Access.ACCOUNT:
        return redirect(f"{reverse('login')}?{urlencode({'next': request.path})}")
    if participation is None and arena.access != Access.OPEN:
        return refuse(request, arena)
    if participation and not consent.is_asked(participation, arena.voting):
        return show_end(request, arena, participation.state, participation)
    return show_start(request, arena, make_form(arena, participation), participation)


def refuse(request: HttpRequest, arena: Arena, message: str = "") -> HttpResponse:
    context = {"arena": arena, "platform": arena.voting.platform, "message": message}
    return render(request, "arenas/not_invited.html", context, status=403)


def show_start(
    request: HttpRequest, arena: Arena, form: StartForm, participation: Participation | None
) -> HttpResponse:
    quota = participation and participation.quota
    context = {
        "arena": arena,
        "voting": arena.voting,
        "form": form,
        "quota": arena.votes_per_rater if quota is None else quota,
    }
    response = render(request, "arenas/start.html", context, status=400 if form.is_bound else 200)
    return keep(request, response, participation.rater) if participation else response


def show_end(
    request: HttpRequest, arena: Arena, state: str, participation: Participation | None
) -> HttpResponse:
    """Why a part ended, and the way back to the platform."""
    context = {
        "arena": arena,
        "state": state,
        "way_back": find_way_back(arena, state) if participation else None,
        "answered": count_answered(participation) if participation else 0,
        "may_return": state == State.DECLINED,
    }
    return render(request, "arenas/ended.html", context)


def count_answered(participation: Participation) -> int:
    """The ballots that count as the rater's work."""
    now, rater = timezone.now(), participation.rater
    return count_work(participation.arena, now=now, rater=rater)
