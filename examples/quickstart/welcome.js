/** What `npm start` prints before the demo's log begins. */
console.log(`
WakeDock demo. Both services sleep until you ask for them.

  open    http://hello.localhost:8080   boots at once
  open    http://slow.localhost:8080    boots for five seconds: you see it start
  watch   the log below: wakes, and sleeps after 30 idle seconds
  watch   http://127.0.0.1:9090         the dashboard
  end     Ctrl-C

Where names under .localhost do not resolve:  curl -H 'Host: slow.localhost' http://127.0.0.1:8080
`)
