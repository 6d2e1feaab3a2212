"""What days, spans and seasons are called, each language's words to the one grammar of dates.py: data only.

Months and days of the week come from Babel (CLDR). A word stands for the token before the colon; several words are joined
by "_" and found as they follow each other.
"""

from __future__ import annotations

WORDS = {
    "en": """
        next: next coming following upcoming
        in: in
        within: within
        on: on
        after: after past once_through following_the
        until: until till til through thru by to
        from: from starting beginning_on as_of
        back: back return returning returns again available reachable reconnect resume
        since: since last ago previous past_the
        start: start beginning early first_week_of first_half_of
        mid: mid middle mid-
        end: end late
        of: of the this our
        1: one a an
        2: two couple_of a_couple_of couple a_couple
        3: three few a_few several
        4: four
        5: five
        6: six half_a_year=6_month
        day: day days
        week: week weeks fortnight=2_week
        month: month months month's
        quarter: quarter quarters
        half: half half-year
        year: year years
        first: first 1st
        second: second 2nd
        third: third 3rd
        fourth: fourth 4th last_quarter=fourth_quarter
        spring: spring springtime
        summer: summer summertime summer_holidays summer_break summer_vacation
        autumn: autumn fall
        winter: winter
        season: season high_season busy_season peak_season
        holidays: holidays holiday_season holiday vacation vacations festive_season break
        christmas: christmas xmas
        newyear: new_year new_years new_year's turn_of_the_year
        easter: easter
        tomorrow: tomorrow
    """,
    "de": """
        next: nächste nächsten nächster nächstes nächstem naechste naechsten naechstes kommende kommenden kommendes kommender kommendem folgenden
        in: in im
        within: innerhalb binnen
        on: am
        after: nach
        until: bis bis_zum bis_zu bis_einschließlich
        from: ab ab_dem vom von
        back: wieder zurück zurueck erreichbar rückkehr wiederkommen
        since: seit letzten letzte letztes vor vergangenen
        start: anfang beginn frühes zu_beginn
        mid: mitte
        end: ende
        of: des der dem den die das diesem dieses diesen einem
        1: ein eine einer einem einen
        2: zwei paar=3
        3: drei ein_paar einigen einige wenigen
        4: vier
        5: fünf
        6: sechs halben_jahr=6_month halbes_jahr=6_month
        day: tag tage tagen
        week: woche wochen
        month: monat monate monaten monats
        quarter: quartal quartals quartale
        half: halbjahr jahreshälfte
        year: jahr jahre jahren jahres
        first: erste ersten erstes
        second: zweite zweiten zweites
        third: dritte dritten drittes
        fourth: vierte vierten viertes
        spring: frühling frühjahr fruehjahr
        summer: sommer sommerferien sommerpause sommers
        autumn: herbst herbstes
        winter: winter winters
        season: saison hochsaison hauptsaison
        holidays: feiertagen feiertage ferien urlaub urlaubszeit betriebsferien
        christmas: weihnachten weihnachtsferien
        newyear: neues_jahr neuen_jahr neue_jahr jahreswechsel neujahr jahresanfang
        easter: ostern osterferien
        tomorrow: morgen
        aftertomorrow: übermorgen
    """,
    "fr": """
        next: prochain prochaine prochains prochaines suivant suivante
        in: dans en d'ici à_la
        within: sous
        on: le
        after: après apres au_retour_de passé
        until: jusqu'au jusqu'à jusque jusqu'en au
        from: à_partir_du à_partir_de à_partir a_partir_du a_partir_de dès_le dès du
        back: retour reviens reviendrai revenir disponible joignable
        since: depuis dernier dernière derniers dernières il_y_a
        start: début debut courant=mid
        mid: mi mi- milieu
        end: fin la_fin_de
        of: de du des la les l' ce cette d' l'
        1: un une
        2: deux quinzaine_de_jours=2_week
        3: trois quelques
        4: quatre
        5: cinq
        6: six
        day: jour jours
        week: semaine semaines
        month: mois
        quarter: trimestre trimestres
        half: semestre
        year: an ans année annee l'année
        first: premier première 1er 1ère
        second: deuxième second 2e 2ème
        third: troisième 3e 3ème
        fourth: quatrième 4e 4ème
        spring: printemps
        summer: été l'été vacances_d'été l'été
        autumn: automne l'automne rentrée
        winter: hiver l'hiver
        season: saison haute_saison
        holidays: vacances fêtes congés
        christmas: noël noel
        newyear: nouvel_an nouvelle_année
        easter: pâques
        tomorrow: demain
        aftertomorrow: après-demain
    """,
    "es": """
        next: próximo próxima próximos próximas proximo proxima siguiente que_viene entrante
        in: en dentro_de
        within: antes_de
        on: el
        after: después_de despues_de después_del tras después pasado pasada pasadas pasados
        until: hasta hasta_el al
        from: a_partir_del a_partir_de a_partir desde desde_el del
        back: vuelvo vuelta volveré regreso regresaré retorno disponible retomar retomamos
        since: desde_hace hace último última últimos
        start: principios inicio comienzos comienzo primeros
        mid: mediados medio
        end: finales final fin fines
        of: de del la los las este esta
        1: un una uno
        2: dos un_par_de par_de
        3: tres unos unas algunas algunos pocas
        4: cuatro
        5: cinco
        6: seis medio_año=6_month
        day: día dia días dias
        week: semana semanas
        month: mes meses
        quarter: trimestre trimestres
        half: semestre
        year: año años ano
        first: primer primero
        second: segundo
        third: tercer tercero
        fourth: cuarto
        spring: primavera
        summer: verano
        autumn: otoño
        winter: invierno
        season: temporada temporada_alta
        holidays: vacaciones fiestas festivos
        christmas: navidad navidades
        newyear: año_nuevo
        easter: semana_santa pascua
        tomorrow: mañana
        aftertomorrow: pasado_mañana
    """,
    "pt": """
        next: próximo próxima próximos próximas proximo proxima seguinte que_vem
        in: em no na dentro_de daqui_a
        within: antes_de
        on: dia no_dia
        after: após depois_de depois_do depois_da depois apos passado passadas
        until: até ate até_ao até_o ao
        from: a_partir_de a_partir_do a_partir_da a_partir desde de_dia
        back: volto voltarei regresso regressarei retorno retornarei disponível retomar
        since: há último última últimos
        start: início inicio começo princípio
        mid: meados meio
        end: fim final finais
        of: de do da dos das o a este deste desta
        1: um uma
        2: dois duas
        3: três tres alguns algumas poucas
        4: quatro
        5: cinco
        6: seis meio_ano=6_month
        day: dia dias
        week: semana semanas
        month: mês mes meses
        quarter: trimestre trimestres
        half: semestre
        year: ano anos
        first: primeiro
        second: segundo
        third: terceiro
        fourth: quarto
        spring: primavera
        summer: verão verao
        autumn: outono
        winter: inverno
        season: temporada época_alta
        holidays: férias ferias festas feriados
        christmas: natal
        newyear: ano_novo
        easter: páscoa
        tomorrow: amanhã
        aftertomorrow: depois_de_amanhã
    """,
    "it": """
        next: prossimo prossima prossimi prossime successivo venturo entrante che_viene
        in: in tra fra a ad nel
        within: entro
        on: il
        after: dopo dopo_il dopo_la dopo_l' passata passate passato
        until: fino_al fino_a sino_al al
        from: dal dall' a_partire_dal a_partire_da da
        back: ritorno rientro rientrerò tornerò disponibile torno rientra
        since: scorso scorsa ultimo ultima fa
        start: inizio primi
        mid: metà
        end: fine
        of: di del della dello dell' delle dei la il lo l' le questo
        1: un una uno
        2: due paio_di un_paio_di
        3: tre qualche alcuni alcune
        4: quattro
        5: cinque
        6: sei sei_mesi=6_month
        day: giorno giorni
        week: settimana settimane
        month: mese mesi
        quarter: trimestre trimestri
        half: semestre
        year: anno anni
        first: primo
        second: secondo
        third: terzo
        fourth: quarto
        spring: primavera
        summer: estate l'estate
        autumn: autunno
        winter: inverno
        season: stagione alta_stagione
        holidays: ferie vacanze feste festività
        christmas: natale
        newyear: anno_nuovo capodanno nuovo_anno
        easter: pasqua
        tomorrow: domani
        aftertomorrow: dopodomani
    """,
    "nl": """
        next: volgende volgend komende komend aankomende
        in: in over
        within: binnen
        on: op
        after: na
        until: tot tot_en_met t/m tot_aan
        from: vanaf van
        back: terug weer bereikbaar aanwezig
        since: sinds afgelopen vorige geleden
        start: begin start
        mid: half medio midden
        end: einde eind
        of: de het van_het van_de dit deze
        1: een één
        2: twee paar=3
        3: drie een_paar enkele aantal een_aantal
        4: vier
        5: vijf
        6: zes half_jaar=6_month halfjaar=6_month
        day: dag dagen
        week: week weken
        month: maand maanden
        quarter: kwartaal kwartalen
        half: jaarhelft
        year: jaar jaren
        first: eerste 1e
        second: tweede 2e
        third: derde 3e
        fourth: vierde 4e
        spring: voorjaar lente
        summer: zomer zomervakantie
        autumn: najaar herfst
        winter: winter
        season: seizoen hoogseizoen
        holidays: vakantie vakanties feestdagen
        christmas: kerst kerstvakantie
        newyear: nieuwe_jaar nieuwjaar nieuw_jaar jaarwisseling
        easter: pasen
        tomorrow: morgen
        aftertomorrow: overmorgen
    """,
}
