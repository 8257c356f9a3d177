"""Every text of the staff console: each key once, with its English and its Chinese beside each other.

A key with _one behind it is the English for exactly one. What stands in braces is filled in by the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chatbot.messages import Language
from chatbot.web.staff.texts_pairs import PAIRS
from chatbot.web.staff.texts_work import WORK

LANGUAGES: tuple[Language, Language] = ("en", "zh")
"""In the order of each entry's texts."""

COMMON: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "title": ("{shop} – Staff console", "{shop} – 客服工作台"),
        "shop": ("{shop}", "{shop}"),
        "console": ("Staff console", "客服工作台"),
        "no_script": (
            "The staff console needs JavaScript. Please switch it on and reload the page.",
            "客服工作台需要 JavaScript，请启用后重新加载页面。",
        ),
        # the frame
        "skip": ("Skip to the content", "跳到正文"),
        "menu": ("Menu", "菜单"),
        "navigation": ("Console", "工作台导航"),
        "language": ("Language", "语言"),
        "nav_inbox": ("Unanswered", "未解答的问题"),
        "nav_pairs": ("Questions and answers", "问答库"),
        "nav_templates": ("Templates", "固定回复"),
        "nav_try": ("Try it", "试一试"),
        "nav_imports": ("Import and export", "导入与导出"),
        "nav_team": ("Team", "团队"),
        "nav_audit": ("Audit log", "操作记录"),
        "nav_password": ("My password", "我的密码"),
        "sign_out": ("Sign out", "退出登录"),
        "nowhere": ("There is nothing here", "这里没有内容"),
        "nowhere_said": (
            "This address leads nowhere, or your role may not see what is there.",
            "此地址不存在，或者您的角色无权查看。",
        ),
        "to_start": ("To the start", "回到首页"),
        # everywhere
        "loading": ("Loading…", "正在加载…"),
        "try_again": ("Try again", "重试"),
        "cancel": ("Cancel", "取消"),
        "close": ("Close", "关闭"),
        "save": ("Save", "保存"),
        "yes": ("yes", "是"),
        "none_given": ("– without –", "– 未填写 –"),
        "nothing": ("(empty)", "（空）"),
        "new_tab": ("(opens in a new tab)", "（在新标签页中打开）"),
        "added": ("added: ", "新增："),
        "removed": ("removed: ", "删除："),
        "required": ("This must not be empty.", "此项不能为空。"),
        "search": ("Search", "搜索"),
        "paging": ("Pages", "分页"),
        "range": ("{from}–{to} of {total}", "第 {from}–{to} 条，共 {total} 条"),
        "page": ("Page", "页码"),
        "page_of": ("of {last}", "/ {last} 页"),
        "page_first": ("First page", "第一页"),
        "page_before": ("Previous page", "上一页"),
        "page_next": ("Next page", "下一页"),
        "page_last": ("Last page", "最后一页"),
        "history": ("History", "修改历史"),
        "leave_title": ("Leave without saving?", "不保存就离开吗？"),
        "leave_said": (
            "What you changed here is not saved yet. If you leave, it is thrown away.",
            "您在此处的修改尚未保存，离开后将被丢弃。",
        ),
        "leave_yes": ("Throw it away and leave", "丢弃并离开"),
        "nothing_unsaved": ("Everything is saved.", "已全部保存。"),
        "unsaved": ("Not saved yet.", "尚未保存。"),
        "draft_back": (
            "What you typed until {at} and did not save is back.",
            "您在 {at} 之前输入但未保存的内容已恢复。",
        ),
        "draft_drop": ("Throw it away", "丢弃这些修改"),
        # signing in
        "sign_in": ("Sign in", "登录"),
        "name": ("Name", "用户名"),
        "password": ("Password", "密码"),
        "session_ended": (
            "Your session has ended. Sign in again: you will be back where you were, with what you typed.",
            "登录已过期。重新登录后会回到原来的位置，您输入的内容仍在。",
        ),
        "signed_out": ("You are signed out.", "您已退出登录。"),
        "fill_all": ("Please fill in all fields.", "请填写所有项目。"),
        "first_needed": (
            "There is no account yet. Open the one-time link that the server printed when it started, or run: "
            "chatbot staff add",
            "还没有任何账号。请打开服务器启动时显示的一次性链接，或运行：chatbot staff add",
        ),
        "first_title": ("The first administrator", "设置第一位管理员"),
        "first_said": (
            "Nobody can sign in yet. Choose a name and a password; you can add everybody else afterwards.",
            "目前还没有人可以登录。请设置用户名和密码，之后您可以添加其他人。",
        ),
        "first_yes": ("Create and sign in", "创建并登录"),
        "first_instead": ("Sign in with an account instead", "改用已有账号登录"),
        "password_hint": (
            "At least 10 characters; several words in a row are easy to remember.",
            "至少 10 个字符；连着用几个词既好记又安全。",
        ),
        "password_old": ("Password until now", "当前密码"),
        "password_new": ("New password", "新密码"),
        "password_again": ("New password once more", "再输一次新密码"),
        "password_change": ("Change password", "修改密码"),
        "password_changed": ("The password is changed.", "密码已修改。"),
        # team and audit log
        "team_add": ("Add somebody", "添加成员"),
        "team_add_yes": ("Add", "添加"),
        "team_added": ("{name} is added.", "已添加 {name}。"),
        "role": ("Role", "角色"),
        "role_agent": ("Agent", "客服"),
        "role_editor": ("Editor", "编辑"),
        "role_admin": ("Administrator", "管理员"),
        "role_hint": (
            "Agents read and try; editors also change questions, answers and templates; administrators also manage "
            "the team.",
            "客服可以查看和试用；编辑还可以修改问答和固定回复；管理员还可以管理团队。",
        ),
        "role_change": ("Role", "角色"),
        "role_of": ("Role of {name}", "{name} 的角色"),
        "role_changed": ("The role is changed.", "角色已修改。"),
        "password_set": ("New password", "重设密码"),
        "password_of": ("New password for {name}", "为 {name} 重设密码"),
        "you": ("you", "您"),
        "active": ("Access", "状态"),
        "active_yes": ("Active", "可登录"),
        "active_no": ("No access", "已停用"),
        "created_at": ("Added", "添加时间"),
        "last_seen": ("Last seen", "最近使用"),
        "never": ("never", "从未"),
        "activate": ("Give access again", "恢复使用"),
        "activated": ("Access is given again.", "已恢复使用。"),
        "deactivate": ("Take access away", "停用"),
        "deactivate_title": ("Take access away?", "停用此成员？"),
        "deactivate_said": (
            "{name} is signed out everywhere and can no longer sign in. What {name} did stays.",
            "{name} 将在所有设备上退出登录，且无法再次登录；其过去的操作会保留。",
        ),
        "deactivated": ("Access is taken away.", "已停用。"),
        "audit_who": ("Who", "操作人"),
        "audit_what": ("What", "操作"),
        "audit_placeholder": ("pair.updated", "pair.updated"),
        "audit_at": ("When", "时间"),
        "audit_subject": ("Of what", "对象"),
        "audit_detail": ("Detail", "详情"),
        "audit_older": ("Older entries", "更早的记录"),
        "audit_added": ("{n} older entries are added below.", "下方已加载 {n} 条更早的记录。"),
        "audit_empty": ("No entries. Search for less.", "没有记录，请放宽搜索条件。"),
        # what may go wrong. In English the server's own sentence is shown where it sends one
        "error_failed": (
            "Something went wrong on the server. Please try again; if it stays so, tell your administrator.",
            "服务器出了点问题，请重试；如果一直这样，请告诉管理员。",
        ),
        "error_unreachable": (
            "The server cannot be reached. Check your connection and try again.",
            "无法连接服务器，请检查网络后重试。",
        ),
        "error_not_allowed": ("Your role may not do this.", "您的角色无权执行此操作。"),
        "error_no_header": ("Reload the page and try again.", "请重新加载页面后再试。"),
        "error_wrong_credentials": ("Name or password is wrong.", "用户名或密码不正确。"),
        "error_throttled": (
            "Too many attempts. Try again in {n} seconds.",
            "尝试次数过多，请在 {n} 秒后再试。",
        ),
        "error_used_or_unknown": (
            "This link has been used already, or it is unknown. Ask for a new one: chatbot staff link.",
            "此链接已被使用或无效，请重新获取。",
        ),
        "error_last_admin": (
            "There must be at least one active administrator.",
            "至少要保留一位可登录的管理员。",
        ),
        "error_not_found": ("It is not there.", "未找到。"),
        "error_too_large": ("This is too large.", "内容过大。"),
        "error_not_the_same": (
            "The new password and its repetition differ. Type both again.",
            "两次输入的新密码不一致，请重新输入。",
        ),
        "error_changed_meanwhile": (
            "Somebody has changed it meanwhile. Reload the page, look at it, and try again.",
            "期间有人修改过，请重新加载页面、查看后再试。",
        ),
        "error_file_too_large": (
            "The file is larger than 100 MB. Divide it into several files.",
            "文件超过 100 MB，请拆成几个文件。",
        ),
        "error_import_failed": (
            "The import failed; nothing was stored.",
            "导入失败，没有存入任何内容。",
        ),
        "error_pick_first": ("Choose a question first.", "请先选择一个问题。"),
        "error_has_errors": (
            "The file has errors. Mend them and choose it again.",
            "文件有错误，请修改后重新选择。",
        ),
    }
)

TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType({**COMMON, **PAIRS, **WORK})


def console_texts(shop_name: Mapping[Language, str]) -> dict[Language, dict[str, str]]:
    """All texts by language, with the shop's name filled in; the other places stay for the page to fill in."""
    return {
        language: {key: texts[place].replace("{shop}", shop_name[language]) for key, texts in TEXTS.items()}
        for place, language in enumerate(LANGUAGES)
    }
