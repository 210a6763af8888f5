using System.Net;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Testing;

/// <summary>One silo of a <see cref="TestCluster"/>.</summary>
public sealed class TestMember
{
    internal TestMember(IPEndPoint endPoint, IPEndPoint clientEndPoint, MemoryMembership membership)
    {
        ClientEndPoint = clientEndPoint;
        EndPoint = endPoint;
        Membership = membership;
    }

    /// <summary>What generated clients call grains by, from this silo.</summary>
    public ICallInvoker Invoker => Silo;

    public GrainSilo Silo { get; internal set; } = null!;

    /// <summary>Where the other silos reach it.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Where Orleans clients reach it.</summary>
    public IPEndPoint ClientEndPoint { get; }

    /// <summary>False once it was stopped or killed, or the others have declared it dead.</summary>
    public bool IsRunning { get; internal set; } = true;

    internal MemoryMembership Membership { get; }

    public override string ToString() => EndPoint.ToString();
}
