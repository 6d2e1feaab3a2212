"""The day that somebody names, in seven languages: said on a Sunday, 22 November 2026."""

import time
from datetime import date

import pytest

from automation.mail.dates import named_date

TODAY = date(2026, 11, 22)
SAID = [
    ("I am back on 3 March.", "en", "2027-03-03"),
    ("back on March 3rd", "en", "2027-03-03"),
    ("I'll be out until Friday.", "en", "2026-11-27"),
    ("Bin bis 12.01. im Urlaub", "de", "2027-01-12"),
    ("Ich bin bis zum 12.01.2027 nicht im Büro", "de", "2027-01-12"),
    ("à partir du 5 janvier", "fr", "2027-01-05"),
    ("de retour le 5 janvier 2027", "fr", "2027-01-05"),
    ("absent du 20 décembre au 3 janvier", "fr", "2027-01-03"),
    ("in two weeks", "en", "2026-12-06"),
    ("next quarter", "en", "2027-01-01"),
    ("circle back in Q3", "en", "2027-07-01"),
    ("after the summer", "en", "2027-09-01"),
    ("after the season", "en", "2027-03-01"),
    ("end of the month", "en", "2026-11-30"),
    ("maybe in March", "en", "2027-03-01"),
    ("im Januar", "de", "2027-01-01"),
    ("en enero", "es", "2027-01-01"),
    ("em janeiro", "pt", "2027-01-01"),
    ("a gennaio", "it", "2027-01-01"),
    ("in januari", "nl", "2027-01-01"),
    ("from 3 to 14 March", "en", "2027-03-14"),
    ("out of office from 3 December until 14 December, back on 15 December", "en", "2026-12-15"),
    ("nächstes Quartal", "de", "2027-01-01"),
    ("nach der Saison", "de", "2027-03-01"),
    ("après la saison", "fr", "2027-03-01"),
    ("después de la temporada", "es", "2027-03-01"),
    ("dopo la stagione", "it", "2027-03-01"),
    ("na het seizoen", "nl", "2027-03-01"),
    ("depois da temporada", "pt", "2027-03-01"),
    ("fin du mois", "fr", "2026-11-30"),
    ("Ende des Monats", "de", "2026-11-30"),
    ("a finales de mes", "es", "2026-11-30"),
    ("no fim do mês", "pt", "2026-11-30"),
    ("a fine mese", "it", "2026-11-30"),
    ("eind van de maand", "nl", "2026-11-30"),
    ("Ende März", "de", "2027-03-31"),
    ("Mitte Februar", "de", "2027-02-15"),
    ("mid-April", "en", "2027-04-15"),
    ("early next year", "en", "2027-01-01"),
    ("next year", "en", "2027-01-01"),
    ("in the new year", "en", "2027-01-01"),
    ("Anfang nächsten Jahres", "de", "2027-01-01"),
    ("l'année prochaine", "fr", "2027-01-01"),
    ("el próximo año", "es", "2027-01-01"),
    ("no próximo ano", "pt", "2027-01-01"),
    ("l'anno prossimo", "it", "2027-01-01"),
    ("volgend jaar", "nl", "2027-01-01"),
    ("dans deux semaines", "fr", "2026-12-06"),
    ("in zwei Wochen", "de", "2026-12-06"),
    ("dentro de dos semanas", "es", "2026-12-06"),
    ("daqui a duas semanas", "pt", "2026-12-06"),
    ("tra due settimane", "it", "2026-12-06"),
    ("over twee weken", "nl", "2026-12-06"),
    ("in a few months", "en", "2027-02-22"),
    ("in 6 Monaten", "de", "2027-05-22"),
    ("in half a year", "en", "2027-05-22"),
    ("Volvemos el 7 de enero", "es", "2027-01-07"),
    ("hasta el 7 de enero de 2027", "es", "2027-01-07"),
    ("Estarei de férias até 15 de dezembro", "pt", "2026-12-15"),
    ("até 15/12", "pt", "2026-12-15"),
    ("sarò in ferie fino al 10 gennaio", "it", "2027-01-10"),
    ("rientrerò il 10 gennaio", "it", "2027-01-10"),
    ("Ik ben tot 4 januari afwezig", "nl", "2027-01-04"),
    ("terug op maandag 4 januari", "nl", "2027-01-04"),
    ("after Christmas", "en", "2027-01-07"),
    ("after the holidays", "en", "2027-01-07"),
    ("nach den Feiertagen", "de", "2027-01-07"),
    ("nach Weihnachten", "de", "2027-01-07"),
    ("après les vacances", "fr", "2027-01-07"),
    ("à la rentrée", "fr", "2027-09-01"),
    ("im Herbst", "de", "2027-09-01"),
    ("nach dem Sommer", "de", "2027-09-01"),
    ("après l'été", "fr", "2027-09-01"),
    ("después del verano", "es", "2027-09-01"),
    ("dopo l'estate", "it", "2027-09-01"),
    ("na de zomer", "nl", "2027-09-01"),
    ("depois do verão", "pt", "2027-09-01"),
    ("back 12/01/2027", "en", "2027-12-01"),
    ("until 24/12", "en", "2026-12-24"),
    ("back on 2027-01-05", "en", "2027-01-05"),
    ("until 12/24", "en", "2026-12-24"),
    ("We have 3 offices in 12 countries and 24/7 support", "en", None),
    ("That was in March 2019", "en", None),
    ("I was in the office 2 weeks ago", "en", None),
    ("seit März", "de", None),
    ("depuis janvier", "fr", None),
    ("We may come back to you", "en", None),
    ("You can march on", "en", None),
    ("Version 3.5 is out", "en", None),
    ("Call me at 10.30", "en", None),
    ("on 3 November", "en", None),
    ("thank you very much", "en", None),
    ("next Tuesday works", "en", "2026-11-24"),
    ("Monday", "en", None),
    ("back Monday", "en", "2026-11-23"),
    ("wieder am Montag", "de", "2026-11-23"),
    ("de retour lundi", "fr", "2026-11-23"),
    ("Ab Montag bin ich wieder da", "de", "2026-11-23"),
    ("the second half of the year", "en", "2027-07-01"),
    ("in der zweiten Jahreshälfte", "de", "2027-07-01"),
    ("drittes Quartal", "de", "2027-07-01"),
    ("au troisième trimestre", "fr", "2027-07-01"),
    ("T2 2027", "fr", "2027-04-01"),
    ("Q1", "en", "2027-01-01"),
    ("next month", "en", "2026-12-01"),
    ("mois prochain", "fr", "2026-12-01"),
    ("next week", "en", "2026-11-23"),
    ("nächste Woche", "de", "2026-11-23"),
    ("la semana que viene", "es", "2026-11-23"),
    ("tomorrow I am back", "en", None),
    ("back tomorrow", "en", "2026-11-23"),
    ("3rd of January", "en", "2027-01-03"),
    ("am 3. Januar", "de", "2027-01-03"),
    ("1er février", "fr", "2027-02-01"),
    ("Le 2 janvier", "fr", "2027-01-02"),
    ("January 5th, 2027", "en", "2027-01-05"),
    ("5 Jan", "en", "2027-01-05"),
    ("back in the office Mon 4 Jan 2027", "en", "2027-01-04"),
    ("after Easter", "en", "2027-03-30"),
    ("nach Ostern", "de", "2027-03-30"),
    ("later in the spring", "en", "2027-03-01"),
    ("in spring", "en", "2027-03-01"),
    ("Budget is frozen until April", "en", "2027-04-01"),
    ("from January on", "en", "2027-01-01"),
    ("end of Q1", "en", "2027-03-31"),
    ("end of next quarter", "en", "2027-03-31"),
    ("in 2028", "en", None),
    ("3 to 4 weeks", "en", None),
    ("in 3-4 weeks", "en", None),
    ("in ein paar Wochen", "de", "2026-12-13"),
    ("after my return on 7 December", "en", "2026-12-07"),
    ("I'm on leave through December 4", "en", "2026-12-04"),
    ("vom 1. bis 5. Dezember", "de", "2026-12-05"),
    ("1.-5.12.", "de", "2026-12-05"),
]


@pytest.mark.parametrize(("text", "language", "day"), SAID, ids=[text for text, _, _ in SAID])
def test_the_day_is_the_one_said(text, language, day):
    assert named_date(text, TODAY, language) == (date.fromisoformat(day) if day else None)


def test_a_day_is_never_in_the_past_nor_far_away():
    for year in range(1990, 2100, 7):
        for month in range(1, 13):
            found = named_date(f"back on 3.{month}.{year}", TODAY, "de")
            assert found is None or TODAY <= found <= date(2029, 11, 22)


def test_a_day_without_a_year_is_next_years_unless_it_is_just_gone():
    assert named_date("back on 3 March", date(2026, 3, 3), "en") == date(2026, 3, 3)
    assert named_date("back on 3 March", date(2026, 3, 10), "en") is None
    assert named_date("back on 3 March", date(2026, 8, 10), "en") == date(2027, 3, 3)


def test_a_day_that_is_none_is_not_found():
    for text in ("back on 31 June", "until 31.02.", "bis 30.2.2027", "on 0 March", "in 0 weeks", "in 9999 weeks"):
        assert named_date(text, TODAY, "en") is None


def test_the_day_somebody_is_back_counts_more_than_others():
    text = "Our fair is on 2 December. I am travelling from 30 November and will be back in the office on 9 December. Until 3 pm call Bob."
    assert named_date(text, TODAY, "en") == date(2026, 12, 9)


def test_months_after_a_leap_day_and_ends_of_years_hold():
    assert named_date("in a month", date(2028, 1, 31), "en") == date(2028, 2, 29)
    assert named_date("next month", date(2026, 12, 31), "en") == date(2027, 1, 1)
    assert named_date("end of February", date(2027, 12, 1), "en") == date(2028, 2, 29)


def test_a_long_text_is_read_soon():
    started = time.process_time()
    named_date("I am back on 3 March, until 4.5., in two weeks or next quarter. " * 2_000, TODAY, "")
    assert time.process_time() - started < 0.5
