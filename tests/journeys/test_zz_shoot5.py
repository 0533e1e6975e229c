from tests.journeys.test_mended_page import *
import pytest
pytestmark=[pytest.mark.browser, pytest.mark.django_db(transaction=True)]
S="/tmp/shots5/mended-"
def test_shots(ask, open_page):
    page=ask(EACH, device=GERMAN, pictures=4, **SAYING_MORE)
    page.keyboard.press("x")if 0 else None
    page.tap("#answer-send", force=True) if 0 else None
    page.screenshot(path=S+"each4-phone.png")
    d=open_page(**DESK); d.goto(VOTE); wait_until_armed(d); d.screenshot(path=S+"each4-desk.png")
def test_pair(ask, open_page):
    page=ask(device=GERMAN, **SAYING_MORE)
    page.tap("#answer-model_a"); page.screenshot(path=S+"unseen-phone.png")
    look_at_all(page); press(page,"ArrowLeft"); 
    page.set_viewport_size({"width":320,"height":700}); page.screenshot(path=S+"pair-320.png")
    d=open_page(**DESK); d.goto(VOTE); wait_until_armed(d); d.keyboard.press("m"); d.screenshot(path=S+"pair-desk.png")
def test_thanks(ask):
    page=ask(device={**GERMAN,"viewport":{"width":320,"height":844}}, quota=1, personal_board=True, undo_seconds=0)
    look_at_all(page); page.keyboard.press("ArrowLeft"); page.wait_for_selector(".thanks table"); page.screenshot(path=S+"thanks-320.png")
def test_sets(look):
    page = look((("red", "blue", "red", "blue"),), (("blue", "red", "blue", "red"),)); page.screenshot(path=S+"sets-desk.png")
