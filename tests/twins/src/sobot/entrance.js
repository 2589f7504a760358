// Plays Sobot's component: takes what the page has queued, shows what it was told, and calls back as Sobot does.
(function () {
  "use strict";
  var known = /*known*/[];
  var sysnum = /*sysnum*/"";
  var twin = { sysnum: sysnum, config: {}, configs: [], calls: [], traces: [], unknown: [], unfolded: false, started: false };
  var told = {};

  function named(config) {
    Object.keys(config).forEach(function (name) {
      var inside = name === "pre_visit_args" || name === "cur_visit_args";
      if (inside) {
        named(config[name]);
      } else if (known.indexOf(name) < 0) {
        twin.unknown.push(name);
      }
    });
  }

  function take(given) {
    var call = given[0];
    var value = given[1];
    twin.calls.push(call);
    switch (call) {
      case "config":
        twin.configs.push(value);
        Object.keys(value).forEach(function (name) { twin.config[name] = value[name]; });
        named(value);
        break;
      case "receive_message":
      case "offline_message_count":
      case "frame_ready":
        told[call] = value;
        break;
      case "frame_manual":
        start();
        unfold(true);
        if (value) { value({}); }
        break;
      case "frame_status":
        value(twin.unfolded ? "expand" : "collapse");
        break;
      case "trace":
        twin.traces.push(value);
        named(value);
        break;
      case "dynamic_ready":
        bind();
        break;
      default:
        twin.unknown.push(String(call));
    }
    draw();
  }

  // The frame, and its button in place of the page's own.
  var button = document.createElement("button");
  button.textContent = "Chat";
  button.id = "sobot-twin-button";
  button.style.cssText = "position:fixed;bottom:1rem;padding:.6rem 1.2rem";
  var frame = document.createElement("section");
  frame.id = "sobot-twin";
  frame.setAttribute("aria-label", "Sobot twin: the chat");
  frame.style.cssText = "position:fixed;bottom:4rem;right:1rem;width:24rem;max-width:90vw;max-height:70vh;overflow:auto;" +
    "padding:1rem;border:1px solid #888;background:Canvas;color:CanvasText;font:14px/1.4 system-ui,sans-serif";
  var title = document.createElement("h2");
  var config = document.createElement("pre");
  config.style.cssText = "white-space:pre-wrap;overflow-wrap:anywhere";
  frame.append(title, config);
  action(frame, "Fold", function () { unfold(false); });
  // What happens at the desk while the chat is folded.
  var desk = document.createElement("section");
  desk.id = "sobot-twin-desk";
  desk.setAttribute("aria-label", "Sobot twin: the desk");
  desk.style.cssText = "position:fixed;top:1rem;right:1rem";
  action(desk, "An agent writes", function () { twin.say("Hello, what can I help you with?"); });
  action(desk, "Two messages while away", function () { twin.away(2); });

  function action(place, label, act) {
    var one = document.createElement("button");
    one.textContent = label;
    one.addEventListener("click", act);
    place.append(one, " ");
  }

  function draw() {
    title.textContent = twin.config.uname ? "Hello " + twin.config.uname : "Hello";
    config.textContent = JSON.stringify(twin.config, null, 2);
    frame.hidden = !twin.unfolded;
    button.hidden = twin.config.custom === true || twin.config.manual === true;
    button.style.right = twin.config.location === 2 ? "" : "1rem";
    button.style.left = twin.config.location === 2 ? "1rem" : "";
    button.style.background = twin.config.color ? "#" + twin.config.color : "";
  }

  function unfold(wanted) {
    var folded = twin.unfolded && !wanted;
    twin.unfolded = wanted;
    draw();
    if (folded) {
      window.postMessage(JSON.stringify({ name: "zc_post_message", data: { action: "chat_collapse_window" } }), "*");
    }
  }

  // The page's own buttons open the chat, where the config says that there are some.
  function bind() {
    if (twin.config.custom !== true) { return; }
    document.querySelectorAll(".zhiCustomBtn:not(script)").forEach(function (own) {
      if (!own.twin) {
        own.twin = true;
        own.addEventListener("click", function () { unfold(true); });
      }
    });
  }

  function start() {
    if (twin.started) { return; }
    twin.started = true;
    if (told.frame_ready) { told.frame_ready(); }
  }

  // Whoever sees the chat is told nothing: an unread message is one that comes while it is folded.
  // "{ img: "Agent Avatar", name: "User Name", msg: "Agent sending content", t: "Message sending time" }"
  twin.say = function (text) {
    if (told.receive_message && !twin.unfolded) {
      told.receive_message({ img: "", name: "Tom", msg: text, t: String(Date.now()) });
    }
  };

  twin.away = function (size) {
    if (told.offline_message_count) {
      var offline = [];
      for (var at = 0; at < size; at += 1) { offline.push({ content: "We have an answer for you" }); }
      told.offline_message_count({ size: size, offlineMsg: offline, unAckMsg: [], unAckSize: 0, groupId: "g1", leaveToTicket: 0 });
    }
  };

  window.sobotTwin = twin;
  document.body.append(button, frame, desk);
  button.addEventListener("click", function () { unfold(!twin.unfolded); });
  (window.cbk || []).forEach(take);
  window.zc = function () { take(arguments); };
  bind();
  draw();
  if (twin.config.manual !== true) { start(); }
  if (twin.config.auto_expand === true) { unfold(true); }
}());
