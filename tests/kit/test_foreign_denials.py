"""Foreign denials: who says in another language that an endpoint is not there is not told that it is so; who claims it is."""

# ruff: noqa: RUF001 - these letters are meant
import pytest

from runflow_mock.kit.skills.judging import check_skill, contradictions

DENIED = [
    "Es gibt kein `GET /v1/runz`; nutze `GET /v1/runs`.",
    "Einen Endpunkt `GET /v1/runz` gibt es nicht.",
    "Es gibt weder `GET /v1/runz` noch `GET /v1/tasks`.",
    "`GET /v1/runz` und `GET /v1/tasks` existieren nicht mehr.",
    "`GET /v1/runz` wurde entfernt.",
    "Verwende niemals `POST /v1/predictions`, das ist Replicate.",
    "Statt `GET /v1/runz` nimm `GET /v1/runs`.",
    "Il n'y a pas d'endpoint `GET /v1/runz`.",
    "`GET /v1/runz` n’existe pas.",
    "N'utilisez jamais `GET /v1/runz`.",
    "`GET /v1/runz` a été supprimé.",
    "No existe `GET /v1/runz`.",
    "El endpoint `GET /v1/runz` ya no existe.",
    "Usa `GET /v1/runs` en lugar de `GET /v1/runz`.",
    "Não existe `GET /v1/runz`.",
    "O endpoint `GET /v1/runz` já não existe.",
    "`GET /v1/runz` non esiste.",
    "Usa `GET /v1/runs` invece di `GET /v1/runz`.",
    "Er is geen endpoint `GET /v1/runz`.",
    "`GET /v1/runz` bestaat niet.",
    "Эндпоинта `GET /v1/runz` не существует.",
    "Вместо `GET /v1/runz` используйте `GET /v1/runs`.",
    "`GET /v1/runz` nie istnieje.",
    "`GET /v1/runz`というエンドポイントは存在しません。",
    "`GET /v1/runz`の代わりに`GET /v1/runs`を使います。",
    "没有 `GET /v1/runz` 接口。",
    "`GET /v1/runz` 接口不存在。",
    "`GET /v1/runz` 는 존재하지 않습니다.",
    # What introduces a list, or stands above a column.
    "Diese Endpunkte existieren nicht:\n\n- `GET /v1/runz`\n- `GET /v1/tasks`",
    "| Falsch | Richtig |\n|---|---|\n| `GET /v1/runz` | `GET /v1/runs` |",
    "Ces endpoints n'existent pas :\n\n- `GET /v1/runz`",
    "Estos endpoints no existen:\n\n- `GET /v1/runz`",
    "| Incorrecto | Correcto |\n|---|---|\n| `GET /v1/runz` | `GET /v1/runs` |",
    "次のエンドポイントは存在しません：\n\n- `GET /v1/runz`",
    "| 错误 | 正确 |\n|---|---|\n| `GET /v1/runz` | `GET /v1/runs` |",
]
CLAIMED = [
    "Läufe listet `GET /v1/runz`.",
    "Vergiss nicht, `GET /v1/runz` aufzurufen.",
    "`GET /v1/runz` existiert und ist nicht langsam.",
    "`GET /v1/runz` existiert nicht nur in der Beta.",
    "`GET /v1/runz` gibt es nicht umsonst.",
    "`GET /v1/runz` no existe solo en la beta.",
    "Nutze nicht `GET /v1/runs`, sondern `GET /v1/runz`.",
    "`GET /v1/runs`ではなく`GET /v1/runz`を使います。",
    "`GET /v1/runz` hat kein Limit.",
    "Der Aufruf hat kein Limit: `GET /v1/runz`.",
    "Listez les exécutions avec `GET /v1/runz`.",
    "`GET /v1/runz` n'est pas lent.",
    "Il n'y a pas de raison d'éviter `GET /v1/runz`.",
    "Consulta `GET /v1/runz`.",
    "`GET /v1/runz` no tiene límite.",
    "No olvides llamar a `GET /v1/runz`.",
    "No hay que esperar: `GET /v1/runz` responde al momento.",
    "`GET /v1/runz` não precisa de chave.",
    "Non dimenticare `GET /v1/runz`.",
    "`GET /v1/runz` bestaat sinds 2024.",
    "`GET /v1/runz` не требует ключа.",
    "Нет смысла избегать `GET /v1/runz`.",
    "`GET /v1/runz`で一覧を取得します。",
    "`GET /v1/runz`には制限はありません。",
    "`GET /v1/runz` 没有限制。",
    "没有理由不用 `GET /v1/runz`。",
    "`GET /v1/runz`는 제한이 없습니다.",
    "| Falsch | Richtig |\n|---|---|\n| `GET /v1/runs` | `GET /v1/runz` |",
    "| Falsch | Richtig |\n|---|---|\n| `GET /v1/runz` zweimal | einmal |",
    "S'ils n'existent pas :\n\n- `GET /v1/runz` répond 404",
    "Falls es keine Läufe gibt:\n\n- `GET /v1/runz` antwortet mit einer leeren Liste",
]


@pytest.mark.parametrize("text", DENIED)
def test_denial_in_another_language_is_not_contradicted(text: str) -> None:
    assert contradictions(check_skill(f"{text}\n")) == ()


@pytest.mark.parametrize("text", CLAIMED)
def test_claim_in_another_language_is_contradicted(text: str) -> None:
    assert contradictions(check_skill(f"{text}\n"))
