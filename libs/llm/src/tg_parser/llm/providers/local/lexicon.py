"""Word lists, written for this project: what carries no topic, what only looks like a verb, what is no one's name."""

from __future__ import annotations

_EN = """
a about above according after again against all almost along already also although always am among an and another any
anyone anything are around as ask at away back be became because become been before began begin behind being below best
better between big both but by call came can cannot come could day days did do does doing done down during each early
either else enough even ever every everyone few find first five for four from full further gave get gets getting give
given go goes going gone good got great had has have having he help her here hers him his how however i if in including
instead into is it its itself just keep know last late later latest least less let like likely little long look lot made
make makes making man many may me means might million month months more most much must my near need never new news next
no nor not nothing now of off often old on once one only open or other others our out over own part people per place
please put rather really report reported reports right said same saw say saying says second see seen set several she
should show shows since six so some something soon still such take taken takes tell than thank thanks that the their
them then there these they thing things think this those though thousand three through time times to today together told
tomorrow too took top toward try two under until up upon us use used using very via want wants was way ways we week
weeks well went were what when where whether which while who whom whose why will with within without work would year
years yes yesterday yet you your yours read link post posts subscribe join channel photo video via com www https http
don't it's we're you're i'm that's doesn't didn't can't won't isn't aren't i've we've they're there's let's
found grew sent cause causes caused cost costs targets allow allows expect expects
announced announces launches launched unveils unveiled released releases
"""
_RU = """
а автор абсолютно без безумно более больше большая большие больших большой будем будет будете будут будто будь бы был
была были было быть бывает в вам вами вас ваш ваша ваше вашего ваши ведь весь вести видео видимо вместе вместо вне во
возможно возможность возможности вокруг вообще вот впервые впрочем время времени вроде все всё всегда всего всей всем
всеми всему всех всю вся всякий вторая второй второе вы выше где главное главный год года году годы годов да давайте
давно даже далее два две двух день дня дней днем днём для до довольно должен должна должно должны другая другие другим
других другого другой другое друг друга его ее её ей ему если есть еще ещё ж же за завтра зато затем зачем здесь знать
и из изза из-за или им именно иметь ими имя иногда их к кажется каждая каждого каждом каждые каждый как какая какие
каким каких какого какое какой какую касается когда конечно которая которого которое которой котором которому которую
которые который которым которыми которых кроме кстати кто куда ли либо лишь лучше лучшие лучший любая любой люди людей
между меня мне много многие многих многое мной может можете можно могут мог могла могли мои мой мол момент моя мы на
навсегда над надо наконец например нам нами нас насколько начала начал начали начало начать наш наша наше нашей нашем
наши наших не него нее неё некоторые нельзя несколько нет неделя неделе недели недель ни нибудь никогда ним ними них
ничего но новая новую новое нового новой новом новость новости новостей новые новый новых новым ну нужен нужна нужно
нужны о об оба обо образом один одна одним одни одно одного одной одном однако около он она они оно опять от отличный
отличие очень первая первого первой первом первую первые первый перед по под подробнее подробности пожалуйста позже пока
показал показала показали понимать пор пора последние последний последних после потом потому почему почти просто при
причем причём про прямо пусть раз разные разных рассказал рассказала рассказали рамках ради рано ранее ряд рядом с сам
сама сами само самого самой самом самые самый самых свое своё своего своей своем своём свои свой своим своими своих
свою себе себя сегодня сейчас сделать сделал сделали скоро словам слова слово сказал сказала сказали случае случаях
снова со совсем сообщил сообщила сообщили сообщает сообщают сообщение сообщению соответственно сразу среди стал стала
стали стало стать столько сторону суть считает считают та так такая также такие таким таких такого такое такой таком
там твой те тебе тебя тем теми теперь тех тип типа то тобой тогда того тоже той только том тому тот точно три трех трёх
ту тут ты тыс тысяч тысячи уж уже узнать уровень фото хорошо хочет хотите хотя хоть час часа часов часть частности чаще
через чего чей чем чему что чтоб чтобы чуть эта эти этим этими этих это этого этой этом этому этот эту я является
являются млн млрд трлн руб рублей рубля рубль долларов заявил заявила заявили отметил отметила ответил ответили
источник пишет пишут которая любые помощью помогает поможет позволяет позволяют сможет смогут следующий следующая
прошлый прошлого утра утром вечера вечером ночи ночью днем завтра вчера суток сутки минут минуты января февраля марта
апреля мая июня июля августа сентября октября ноября декабря понедельник вторник среда среду четверг пятница пятницу
суббота субботу воскресенье подпишитесь подписывайтесь подписаться канал канала канале каналы ссылка ссылке ссылку пост
посте ребята друзья привет всем спасибо давай против лет человек
действительно порой поэтому включая помог помогли помогла инн ооо ладно мир мире мира правда
"""
_UK = """
а або адже аж але багато без би був буде будемо будете будуть була були було бути в вам вами вас ваш ваша ваше ваші вже
ви від відео він вона вони воно все всі всіх всім втім где год да давайте далі два дві двох де деякі день днів дня для до
дуже дякую є же за завдяки завжди завтра зараз зате зі із і інша інше інші інших її їй їм їх й його йому когось кожен
кожна кожної коли котрий краще крім куди ледве лише люди людей любий майже ми між має мають мене мені мною може можете
можна можуть на над навіть нам нами нас наш наша наше нашої наші наших не неї нема немає ні ніби ніж ним ними них нічого
но нова нове нового нової новий новини нові нових ну о об один одна одне одного однак окрім ось от отже перед перша перше
перший перші під після по поки потім потрібно при про просто проте протягом раз разом раніше рік року років роки роках
сам сама саме само самі свого своє свої своїх свою себе серед сказав сказала собі сьогодні та так така також таке такий
такі таких там твій те теж тепер ти тим тих тисяч то тоді того той тому тощо три трохи тут ту у увесь уже усе усі усіх
фото хоч хоча хто це цей цим цих цього цьому ця ці цю час часу чи чим чого чому через що щоб щодо щось я як яка яке
якого якої який яких якщо які якій яку млн млрд грн гривень доларів заявив заявила повідомив повідомила повідомили
повідомляє січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня друзі дорогі шановні
канал каналу каналі посилання підписуйтесь підписатися пост
"""


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOPWORDS: dict[str, frozenset[str]] = {"en": _set(_EN), "ru": _set(_RU), "uk": _set(_UK)}
"""Words without a topic, by language: the grammar's own, and what news says of everything (said, new, today, photo).

Where a language is missing, only hashtags and capitals tell a topic.
"""

NOUNS_LIKE_VERBS = _set("""
билет билета бюджет канала комитет лимит ответ память печать площадь правила предмет проект рассвет ремонт саммит сила
совет сети сеть стандарт стартап студент суд университет факультет формат интернет кредит аккаунт аппарат результат
сертификат автомат климат депутат клиент документ момент сайт гаджет трафик дефицит профицит визит автомобили школа
начала набор файл профиль стиль фильм альбом режим климате рынок прием приём объем объём детали медали модели недели формула солдат
клієнт бюджет комітет проект сила справа права влада
building funding training meeting spring string king ring feed speed seed need weed breed hundred
""")
"""Nouns with an ending that most verbs have."""

COMMON_ACRONYMS = _set("""
AI API APP QR CEO CI CPU CSS CTO CV DIY DM FAQ GPU HR HTML HTTP HTTPS ID IP IT JSON LLM LTE ML OK OS PC PDF PM PR PS QA RAM
REST SDK SEO SMS SQL SSD TOP TV UI UPD URL USB UX VIP VPN VR XML YAML EUR USD RUB UAH AM BREAKING NEWS
ДТП ЖКХ ИИ ИНН ИП ИТ МСК НДС НЕТ ОАО ОК ООО ПАО ПК ПО СМИ СССР ТВ ТЦ ТК ТЗ ЧП ЖК АО ЦОД КБ МБ ГБ ТБ ЖД
""")
"""Words in capitals that name nobody."""
