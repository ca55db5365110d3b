from __future__ import annotations

import asyncio

import pytest
from telethon import errors
from telethon.sessions import StringSession
from telethon.tl import functions

from tg_parser.testkit.datacentre import DataCentre, World, handshake

from .clients import connected, new_session, session_of


async def test_a_code_signs_in_after_a_key_was_exchanged(world: World, centre: DataCentre):
    account = world.account(code="54321")
    async with connected(new_session(centre)) as client:
        assert not await client.is_user_authorized()
        await client.send_code_request(account.phone)
        with pytest.raises(errors.PhoneCodeInvalidError):
            await client.sign_in(account.phone, "11111")
        me = await client.sign_in(account.phone, "54321")
        assert (me.id, me.phone) == (account.id, account.phone)
        kept = StringSession.save(client.session)
    async with connected(StringSession(kept)) as again:
        assert (await again.get_me()).id == account.id


async def test_a_key_too_short_for_a_session_is_not_agreed_on(centre: DataCentre, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patched:
        patched.setattr(handshake, "SHORTEST", 1 << 2048)  # none is long enough
        with pytest.raises(ConnectionError, match="auth_key generation failed"):
            async with connected(new_session(centre), connection_retries=0):
                pass
    assert centre.keyring.keys == {}
    async with connected(new_session(centre)):
        assert [len(known.secret) for known in centre.keyring.keys.values()] == [256]


async def test_a_second_factor_is_asked_for_and_proved_without_being_sent(world: World, centre: DataCentre):
    account = world.account(password="пароль")
    async with connected(new_session(centre)) as client:
        await client.send_code_request(account.phone)
        with pytest.raises(errors.SessionPasswordNeededError):
            await client.sign_in(account.phone, account.code)
        with pytest.raises(errors.PasswordHashInvalidError):
            await client.sign_in(password="угадал?")
        assert not await client.is_user_authorized()
        assert (await client.sign_in(password="пароль")).id == account.id
    sent = "".join(str(call.request) for call in centre.calls)
    assert "CheckPassword" in sent
    assert "пароль" not in sent


@pytest.mark.parametrize("password", [None, "пароль"])
async def test_another_device_accepts_a_qr_code(world: World, centre: DataCentre, password: str | None):
    account = world.account(password=password)
    async with connected(new_session(centre)) as client, connected(session_of(centre, account)) as phone:
        shown = await client.qr_login()
        scanned = asyncio.create_task(shown.wait(timeout=10))
        await asyncio.sleep(0)  # it listens from here on
        await phone(functions.auth.AcceptLoginTokenRequest(shown.token))
        if password:
            with pytest.raises(errors.SessionPasswordNeededError):
                await scanned
            await client.sign_in(password=password)
        else:
            assert (await scanned).id == account.id
        assert (await client.get_me()).id == account.id
        with pytest.raises(errors.BadRequestError):
            await phone(functions.auth.AcceptLoginTokenRequest(shown.token))


async def test_a_code_nobody_sent_signs_nobody_in(world: World, centre: DataCentre):
    account = world.account()
    async with connected(new_session(centre)) as client:
        with pytest.raises(errors.PhoneCodeExpiredError):
            await client.sign_in(account.phone, account.code, phone_code_hash="invented")
        with pytest.raises(errors.PhoneNumberInvalidError):
            await client.send_code_request("99966000000")
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await client(functions.updates.GetStateRequest())


async def test_signing_out_ends_a_session(world: World, centre: DataCentre):
    account = world.account()
    async with connected(session_of(centre, account)) as client:
        assert await client.log_out()
    assert centre.keyring.of(account) == []


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("SESSION_REVOKED", errors.SessionRevokedError),
        ("AUTH_KEY_UNREGISTERED", errors.AuthKeyUnregisteredError),
        ("AUTH_KEY_DUPLICATED", errors.AuthKeyDuplicatedError),
        ("USER_DEACTIVATED_BAN", errors.UserDeactivatedBanError),
    ],
)
async def test_a_session_that_was_ended_is_refused(centre: DataCentre, world: World, word: str, kind: type[Exception]):
    account = world.account()
    async with connected(session_of(centre, account)) as client:
        centre.refuse(account, word)
        with pytest.raises(kind):
            await client(functions.updates.GetStateRequest())


async def test_a_key_the_data_centre_has_forgotten_is_an_error_of_the_transport(centre: DataCentre, world: World):
    account = world.account()
    async with connected(session_of(centre, account)) as client:
        centre.forget(account)
        with pytest.raises(errors.AuthKeyNotFound):
            await client(functions.updates.GetStateRequest())
        assert not client.is_connected()
