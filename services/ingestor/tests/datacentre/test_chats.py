from __future__ import annotations

import pytest
from telethon import errors
from telethon.tl import functions, types

from tg_parser.testkit.datacentre import Account, Chat, DataCentre, World
from tg_parser.testkit.datacentre.threads import in_topic

from .clients import Client, connected, history_of, peer_of, session_of


async def test_a_name_leads_to_whoever_has_it_now(client: Client, world: World, news: Chat):
    assert (await client.get_entity("NEWS")).id == news.id
    world.rename(news, "old_news")
    with pytest.raises(errors.UsernameNotOccupiedError):
        await client(functions.contacts.ResolveUsernameRequest("news"))
    other = world.chat("Чужие", username="news")
    found = await client(functions.contacts.ResolveUsernameRequest("news"))
    assert [chat.id for chat in found.chats] == [other.id]
    with pytest.raises(ValueError, match="taken"):
        world.rename(other, "old_news")


async def test_access_hashes_are_worth_nothing_to_other_accounts(
    client: Client, world: World, news: Chat, reader: Account, centre: DataCentre
):
    stranger = world.account()
    assert peer_of(news, stranger).access_hash != peer_of(news, reader).access_hash
    with pytest.raises(errors.ChannelInvalidError):
        await client(history_of(news, stranger))
    async with connected(session_of(centre, stranger)) as other:
        assert len((await other(history_of(news, stranger))).messages) == 100


async def test_a_private_channel_is_read_by_its_members_alone(client: Client, world: World, reader: Account):
    closed = world.chat("Закрытый", of=[reader])
    world.fill(closed, 3)
    assert len((await client(history_of(closed, reader))).messages) == 3
    world.expel(closed, reader)
    with pytest.raises(errors.ChannelPrivateError):
        await client(history_of(closed, reader))


async def test_invitations_let_in(client: Client, world: World, reader: Account):
    closed = world.chat("Закрытый")
    world.invite(closed, "secret")
    invited = await client(functions.messages.CheckChatInviteRequest("secret"))
    assert (type(invited), invited.title) == (types.ChatInvite, "Закрытый")
    joined = await client(functions.messages.ImportChatInviteRequest("secret"))
    assert isinstance(joined, types.messages.ChatInviteJoinResultOk)
    already = await client(functions.messages.CheckChatInviteRequest("secret"))
    assert (type(already), already.chat.id) == (types.ChatInviteAlready, closed.id)
    with pytest.raises(errors.InviteHashExpiredError):
        await client(functions.messages.CheckChatInviteRequest("invented"))


async def test_dialogs_are_what_somebody_is_a_member_of(client: Client, world: World, news: Chat):
    world.chat("Чужие", username="others")
    group = world.chat("Группа", "group", of=[*world.accounts.values()])
    world.fill(group, 1)
    assert [dialog.entity.id for dialog in await client.get_dialogs()] == [news.id, group.id]


async def test_a_group_that_became_a_supergroup_tells_where_it_went(client: Client, world: World, reader: Account):
    group = world.chat("Группа", "group", of=[reader])
    world.fill(group, 5, by=reader)
    successor = world.migrate(group)
    world.fill(successor, 2, by=reader)
    before = await client(functions.messages.GetFullChatRequest(group.id))
    moved = next(chat for chat in before.chats if chat.id == group.id).migrated_to
    assert moved.channel_id == successor.id
    after = (await client(functions.channels.GetFullChannelRequest(moved))).full_chat
    assert (after.migrated_from_chat_id, after.migrated_from_max_id) == (group.id, 6)
    old = (await client(history_of(group, reader))).messages
    new = (await client(history_of(successor, reader))).messages
    assert [message.id for message in old] == [6, 5, 4, 3, 2, 1]
    assert isinstance(old[0].action, types.MessageActionChatMigrateTo)
    assert isinstance(new[-1].action, types.MessageActionChannelMigrateFrom)
    assert [message.id for message in new] == [3, 2, 1]


async def test_comments_are_answers_to_the_copy_of_a_post(client: Client, world: World, reader: Account):
    group = world.chat("Обсуждение", "supergroup", of=[reader])
    channel = world.chat("С комментариями", username="open", of=[reader], linked=group)
    world.post(channel, "Первая")
    second = world.post(channel, "Вторая")
    first_comment = world.comment(channel, second.id, "Так", reader)
    world.comment(channel, second.id, "Нет", reader, answers=first_comment.id)
    world.post(group, "Не о том", by=reader)
    texts = [message.message async for message in client.iter_messages("open", reply_to=second.id, wait_time=0)]
    assert texts == ["Нет", "Так"]
    shown = await client.get_messages("open", ids=second.id)
    assert (shown.replies.comments, shown.replies.replies, shown.replies.channel_id) == (True, 2, group.id)
    full = (await client(functions.channels.GetFullChannelRequest(channel.address_for(reader)))).full_chat
    assert full.linked_chat_id == group.id
    copy = await client.get_messages(group.id, ids=2)
    assert (copy.fwd_from.channel_post, copy.from_id.channel_id) == (second.id, channel.id)


async def test_a_post_without_a_discussion_has_no_comments(client: Client):
    with pytest.raises(errors.MsgIdInvalidError):
        [message async for message in client.iter_messages("news", reply_to=1, wait_time=0)]


async def test_topics_of_a_forum_hold_their_messages(client: Client, world: World, reader: Account):
    forum = world.chat("Форум", "supergroup", username="forum", forum=True, of=[reader])
    rules, talk = world.open_topic(forum, "Правила"), world.open_topic(forum, "Разговоры")
    said = world.post(forum, "Привет", by=reader, reply_to=in_topic(talk))
    answer = world.post(forum, "И тебе", by=reader, reply_to=in_topic(talk, said.id))
    request = functions.messages.GetForumTopicsRequest(peer_of(forum, reader), None, 0, 0, 100)
    listed = await client(request)
    assert [(topic.id, topic.title, topic.top_message) for topic in listed.topics] == [
        (rules, "Правила", rules), (talk, "Разговоры", answer.id),
    ]  # fmt: skip
    found = [message.id async for message in client.iter_messages("forum", reply_to=talk, wait_time=0)]
    assert found == [answer.id, said.id]
