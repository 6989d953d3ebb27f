"""The words by which absence notes, bounces and other machines show themselves, Japanese first. Pure data.

All are searched in text that is folded (NFKC) and bounded. Every `.` has a bound, so that no text costs more than a
pass times that bound.
"""

import re


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


#: At the beginning of a subject, before any "Re:".
ABSENCE_SUBJECT = _any_of(
    r"^(automatic reply|auto(matic)?[ -]?(reply|response|answer)|autoreply)\b.{0,3}[:：]",
    r"^(自動応答|自動返信|不在通知|不在応答|自動回答)\s?[:：]",
    r"^.{0,3}(out of (the )?office|ooo)\b",
    r"\bout of (the )?office (auto)?-?(reply|response|message|notice)?",
    r"^auto\s?[:：]",
    r"^[【\[\(<＜（〔《「].{0,20}(不在|休暇|休業|出張|自動応答|夏季休|年末年始).{0,20}[】\]\)>＞）〕》」]",
    r"^(ただ今|ただいま|只今|現在)?(不在|休暇中|外出中|出張中|休業中|休職中|育休中|産休中)",
    r"(不在(の|に関する)?(お知らせ|ご連絡|連絡|通知|案内|メッセージ|です|のため)|不在にしております|休暇中です)",
    r"(夏季|冬季|年末年始|臨時|ゴールデンウィーク)(休業|休暇)の?(お知らせ|ご案内)",
    r"(退職|異動)(の|に伴う)(お知らせ|ご連絡|ご挨拶|ご案内)",
    r"\b(on|annual|maternity|paternity|parental|sick) leave\b",
    r"\bon (vacation|holiday)\b",
    r"^vacation( (reply|message|notice))?\b",
    r"^away from",
    r"^i am away",
    r"abwesenheit",
    r"absence du bureau",
    r"réponse automatique",
    r"respuesta automática",
    r"automatische antwort",
    r"^自动回复|^外出",
)
MACHINE_SUBJECT = _any_of(
    r"^[【\[\(<＜（].{0,10}(自動返信|自動送信|自動配信|auto[ -]?reply).{0,10}[】\]\)>＞）]",
    r"(お問い?合わ?せ|お申し?込み?|ご注文|受付).{0,10}(ありがとうございま|を受け付けました|完了|受付番号)",
    r"\[?(ticket|case|request|incident)\s?(#|id|no)\s?[:#]?\s?\w+\]?.{0,80}(received|created|opened)",
    r"^(thank you for (contacting|your (email|message|inquiry)))|we('ve| have) received your",
)
RECEIPT_SUBJECT = _any_of(
    r"^(read|開封済み|開封確認|既読|lu|gelesen)\s?[:：]", r"^(not read|未開封で削除)\s?[:：]", r"^return receipt"
)
CALENDAR_SUBJECT = _any_of(r"^(accepted|declined|tentative|承諾(済み)?|辞退(済み)?|仮承諾|欠席|出席)\s?[:：]")
CHALLENGE = _any_of(
    r"(confirm|verify|approve) (your|this) (email|message|address|delivery)",
    r"\bboxbe\b",
    r"spam ?arrest",
    r"challenge[- ]response",
    r"(送信者|本人|配信|受信)(の)?(確認|認証)(が必要|のお願い|手続)|please verify (yourself|that you)",
    r"to (release|deliver) your (message|email),? (please )?(click|reply)",
)
BOUNCE_SUBJECT = _any_of(
    r"^(undeliver(able|ed)( mail)?|配信不能|配信できません|送信できません|未配信|メールを送信できませんでした)",
    r"(delivery status notification|mail delivery (failed|failure|system|subsystem)|delivery (has )?fail(ed|ure))",
    r"(returned mail|failure notice|undelivered mail returned)",
    r"message (not|could not be) delivered|could not send message",
    r"(配信|配送|送信|送達)(に)?(失敗|エラー|できませんでした|不能)",
    r"(user|mailbox) unknown|宛先不明|不達|届きませんでした",
    r"^warning: (could not send|message still undelivered)|delivery delayed|unzustellbar",
)
BOUNCE_SENDER = re.compile(r"^(mailer-daemon|postmaster|mail-daemon|mailerdaemon|bounce[sd]?([+-].*)?|mdaemon)@")
NOBODY = re.compile(
    r"^(no-?_?reply|do-?not-?reply|donotreply|auto-?(reply|response|mailer)|system|notifications?)([+-].*)?@"
)

#: The first words of an absence note.
ABSENCE_TEXT = _any_of(
    r"(不在|休暇|休業|出張|外出|休職|育休|産休|育児休業|産前産後).{0,40}(にしており|いただいており|頂いており|を取得|取得中|中です|中のため|中につき|のため|とさせて|しております|いたしております|致しております|となります|となって|期間)",
    r"(お休み|休み|休暇|夏休み|冬休み|有給)を?(いただい|頂い|とっ|取っ|頂戴し)て(おり|い)ます",
    r"(休業|休暇|お休み)(期間|日)\s?[:：]?|休業とさせていただ|(までは?|の間は?)(、)?(不在|休暇|お休み)",
    r"(戻り|出社|復帰|帰社)次第.{0,20}(返信|返事|対応|連絡|確認)|(メール|ご連絡)(の確認|への返信|への対応)が(できません|遅れ|出来ません)",
    r"(退職|異動)(いたし|致し|し)(まし|ており)|(既に|すでに|先日)退職|(は|を)退職",
    r"\b(i('m| am)|i will be|we are|we will be)\b.{0,40}"
    r"\b(out of (the )?office|away|on (annual |parental |maternity |sick )?(leave|vacation|holiday)|travel(l)?ing"
    r"|unavailable)\b",
    r"\bout of (the )?office\b.{0,60}\b(until|from|through|till|and|returning|with)\b",
    r"limited access to (my )?e?-?mail",
    r"\bno longer (with|at|work(ing)?)\b|has left the (company|organi[sz]ation)|currently (away|out|on leave)",
    r"\b(return|be back|returning)\b.{0,30}\b(on|in|until|after)\b.{0,30}"
    r"\b(\d|mon|tue|wed|thu|fri|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
)
#: A machine says that it is one.
MACHINE_TEXT = _any_of(
    r"(この|本)(メール|メッセージ|ﾒｰﾙ)は.{0,30}(自動(的に)?(で)?(返信|送信|配信|応答)|システムから)",
    r"(自動返信|自動応答|自動送信)(メール|メッセージ|です|にて|機能|でお送り|しております)|送信専用(メール)?アドレス",
    r"\bthis is an? (automatic|automated|auto[- ]?generated)\b",
    r"\b(auto|automatically)[- ]?(generated|reply|response)\b",
    r"please do not reply to this|do not reply to this e?-?mail",
)
