export const help = `holdfast-stats: statistics, metrics, a dashboard and the operator's hand for a fleet of gateways

  holdfast-stats --redis redis://10.0.0.9:6379
  holdfast-stats --replica http://10.0.0.5:8080/snapshot --replica http://10.0.0.6:8080/snapshot

Where the gateways are (one of the two)
  --redis URL          the Redis of the fleet                      HOLDFAST_REDIS_URL
  --namespace NAME     the fleet's namespace there ('default')     HOLDFAST_NAMESPACE
  --replica URL        where a replica serves its snapshot; repeat it for each

Where this is served
  --listen HOST:PORT   127.0.0.1:9090 unless given; off loopback   HOLDFAST_LISTEN
                       a read token is required
  --host NAME[:PORT]   a Host under which this machine may read without a token; repeatable

Tokens, of 16 characters or more, are never flags, as flags are seen by everybody on the machine
  HOLDFAST_READ_TOKEN            whoever has it may read
  HOLDFAST_ADMIN_TOKEN           whoever has it may drain and stop servers; without it nobody may
  HOLDFAST_REPLICA_TOKEN         what the replicas want for their snapshots
  HOLDFAST_REPLICA_ADMIN_TOKEN   what they want for draining and stopping servers
  --token-file FILE    takes them from lines NAME=value

Else
  --config FILE        JSON: listen, redis, namespace, replicas, hosts, interval, silentAfter,
                       expireAfter, tokenFile; flags and environment go before it
  --interval TIME      how often the gateways are asked ('1s')
  --log-level LEVEL    trace, debug, info (the default), warn, error or silent
  --version, --help
`
