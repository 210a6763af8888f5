using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Xtmp.Session.Tests")]
[assembly: InternalsVisibleTo("Xtmp.Benchmarks")]
[assembly: InternalsVisibleTo("Xtmp.Client.Tests")]
[assembly: InternalsVisibleTo("Xtmp.Silo.Tests")]
[assembly: InternalsVisibleTo("xtmp")]
[assembly: InternalsVisibleTo("Xtmp.Fuzz")]
